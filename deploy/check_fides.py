"""Loads datasets with fideslang, and holds their categories against its default taxonomy."""

import sys

import yaml
from fideslang.default_taxonomy import DEFAULT_TAXONOMY
from fideslang.models import Dataset

known = {category.fides_key for category in DEFAULT_TAXONOMY.data_category}
with open(sys.argv[1], encoding="utf-8") as file:
    datasets = [Dataset.model_validate(dataset) for dataset in yaml.safe_load(file)["dataset"]]
fields = 0
for dataset in datasets:
    for collection in dataset.collections:
        for owner in [collection, *collection.fields]:
            unknown = set(owner.data_categories or []) - known
            if unknown or not owner.data_categories:
                sys.exit(f"{dataset.fides_key}.{collection.name}.{owner.name}: categories {owner.data_categories}")
        fields += len(collection.fields)
print(f"{len(datasets)} datasets, {sum(len(d.collections) for d in datasets)} collections, {fields} fields")
