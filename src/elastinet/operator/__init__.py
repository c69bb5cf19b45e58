"""What the pages under /_elastinet say."""
