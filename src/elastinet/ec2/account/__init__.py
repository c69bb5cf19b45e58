"""Operations on an account and on all of its resources: attributes, regions, tags."""
