#!/usr/bin/env bash
# Share the model that is live in development with production, and have it promoted there.
# It may run again and again: a model that was promoted already is not promoted twice.
set -euo pipefail

as_role() {
  aws sts assume-role --role-arn "$1" --role-session-name promotion --output text \
    --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]'
}

use() {
  read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN <<<"$1"
  export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
}

sharing=$(as_role "$SHARING_ROLE")
promoting=$(as_role "$PROMOTING_ROLE")

use "$sharing"
export AWS_REGION=$SOURCE_REGION
if ! live=$(aws ssm get-parameter --name "$ALIAS" --query Parameter.Value --output text); then
  echo "nothing is live in development yet: run its pipeline first"
  exit 0
fi
model=$(aws bedrock get-custom-model-deployment --output text --query modelArn \
  --custom-model-deployment-identifier "$live")
name=${model##*/}
# The token makes a second call return the share of the first.
aws ram create-resource-share --name "model-$name" --client-token "model-$name" \
  --resource-arns "$model" --principals "$TARGET_ACCOUNT" --no-allow-external-principals

use "$promoting"
export AWS_REGION=$TARGET_REGION
if ! said=$(aws stepfunctions start-execution --state-machine-arn "$STATE_MACHINE" \
  --name "promote-$name" --input "{\"model\": \"$model\"}" 2>&1); then
  case $said in
    *ExecutionAlreadyExists*) echo "promote-$name has run before" ;;
    *) echo "$said" >&2 && exit 1 ;;
  esac
fi
