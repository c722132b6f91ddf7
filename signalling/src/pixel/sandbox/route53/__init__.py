"""Route 53 as the product meets it: strict batches, changes that take time, quick listings, and real DNS."""
