"""Compute nodes: performs what the domain owes (allocation, packages, task processes, files) and reports facts.

A node is a directory tree and the processes that run in it. Tasks run as the server's own user,
unless it is root's and was told to give them users of their own.
"""
