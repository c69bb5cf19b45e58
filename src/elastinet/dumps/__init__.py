"""Accounts as people have them in files: what `describe` calls and Terraform states say, read into nouns."""
