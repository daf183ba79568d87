"""Compute nodes: performs what the domain owes (allocation, packages, task processes, files) and reports facts.

A node is a directory tree and the processes that run in it. Tasks of root's server run as users of their own where
those can reach their folders (``users.py``), otherwise as the server's user.
"""
