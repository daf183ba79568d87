"""Azure Batch on one machine: ARM, Entra tokens, linked storage and the Batch service, where tasks really run."""
