"""Files and folders from this machine into an instance, and back."""
