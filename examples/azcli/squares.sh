#!/bin/sh
# Four tasks on the stack's pool, from az CLI.
#
#     make up STACK=azcli
#     eval "$(.venv/bin/batchlocal env)"
#     eval "$(.venv/bin/batchmgmt endpoint show --stack azcli --format shell)"
#     sh examples/azcli/squares.sh azcli
#
# az reads AZURE_BATCH_ACCOUNT, AZURE_BATCH_ENDPOINT and AZURE_BATCH_ACCESS_KEY.
set -eu

pool=${1:-azcli}
job="squares-$(date +%s)-$$"
numbers="1 2 3 4"

az batch job create --id "$job" --pool-id "$pool" --output none
trap 'az batch job delete --job-id "$job" --yes --output none' EXIT

for n in $numbers; do
    az batch task create --job-id "$job" --task-id "square-$n" --output none \
        --command-line "/bin/sh -c 'echo \$(($n * $n))'"
done

tries=0
while [ "$(az batch job task-counts show --job-id "$job" --query taskCounts.completed --output tsv)" -lt 4 ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 150 ] || { echo "not all tasks of job $job completed in time" >&2; exit 1; }
    sleep 1
done

folder=$(mktemp -d)
for n in $numbers; do
    az batch task file download --job-id "$job" --task-id "square-$n" --file-path stdout.txt \
        --destination "$folder/$n.txt" --output none
    echo "$n squared is $(cat "$folder/$n.txt")"
done
rm -r "$folder"
