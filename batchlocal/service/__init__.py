"""The Batch service plane: pools, nodes, jobs, tasks and files at an account's own endpoint."""
