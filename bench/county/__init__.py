"""A county's year: hundreds of small batches and one huge one, through the whole running system."""
