"""L0: facts as data: instance types, regions and zones, images, editions of the rules."""
