"""Pipelines in well-known frameworks, each as its own documentation has it, and what the verifier says of them."""
