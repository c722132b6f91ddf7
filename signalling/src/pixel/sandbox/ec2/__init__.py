"""EC2 as the product meets it: what moto lacks, or answers too slowly, beside what moto answers well."""
