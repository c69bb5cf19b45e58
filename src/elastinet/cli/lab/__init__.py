"""`elastinet lab`: networks that build themselves, check themselves by packets, and take themselves away."""
