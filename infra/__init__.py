"""Azure Batch environments as a Pulumi program, and the components it is made of.

``__main__`` composes: settings, components, outputs. ``model`` says what can be asked for, ``settings`` alone reads it
from a stack's configuration, ``components`` makes resources of it, ``provider`` serves the one resource type that
Azure's own provider lacks: an application package with its content.
"""
