"""Who is calling: Entra tokens, SharedKey, the certificates of the one origin."""
