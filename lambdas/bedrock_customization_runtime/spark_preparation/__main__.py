"""Where EMR Serverless enters: a file of its own in S3, beside the code in an archive."""

from bedrock_customization_runtime.spark_preparation.job import main

if __name__ == "__main__":
    main()
