"""Answers of the pages under /_elastinet."""
