"""Amazon Bedrock's model customization, embedded: both planes, and models that really learn.

`service.Bedrock` is the whole: request in, reply out, in botocore's names. `moto_install.install`
puts it behind moto's HTTP. One module holds each family of resources; `tinylm` is what trains.

Nothing is imported here: `tinylm` runs in processes of its own, which start faster without the
rest.
"""
