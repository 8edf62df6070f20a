"""What Task states call: Lambda, AWS services, jobs that are waited for, activities."""
