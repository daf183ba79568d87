"""A deployment engine in one process: Pulumi programs, Pulumi's provider protocol, Pulumi's state files, no Pulumi CLI.

What it does, it does as the CLI does; what it does not do, it refuses by name. It knows no cloud.
"""
