"""Log in to instances by ssh, and what plain ssh needs for that."""
