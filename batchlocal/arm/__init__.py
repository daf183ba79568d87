"""The management plane: ARM's fabric, and a package for each resource provider."""
