"""What both planes share: messages, moments and ETags, routing, request bodies."""
