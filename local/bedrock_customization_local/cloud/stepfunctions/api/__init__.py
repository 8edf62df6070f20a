"""The operations of the Step Functions API: dictionaries in and out, in botocore's shapes."""
