"""Models and what they are deployed on: foundation models, custom ones, deployments, throughput."""
