"""The provider of this project's own resource types, served over Pulumi's provider protocol."""
