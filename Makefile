# `make demo` and `make test` set everything up by themselves: they need Python 3.11 or newer.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help install demo figures redraw test test-numbers lint test-cluster bench clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(INSTALLED) ## the environment, in .venv

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is $$($(PYTHON) --version); Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "The venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "Installing PyTorch, Snakemake and the rest: about 7 GB, some minutes ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,onnx]'
	@touch $@

demo: install ## Figure 1a on handwritten digits: minutes on two CPU cores
	$(BIN)/snakemake --profile demo figures/demo/fig1a.pdf --configfile config/demo.yaml config/first.yaml
	@echo "Drew figures/demo/fig1a.pdf and figures/demo/fig1a.png from results/demo/tables/fig1a.csv"

figures: install ## every figure, the table and the claims at demo scale: half an hour
	$(BIN)/snakemake --profile demo all
	@echo "Drew figures/demo/*.pdf and .png; figures/demo/claims.md says what they show"

redraw: install ## the figures of docs/results.md from the tables in docs/results/*.zip: seconds
	$(BIN)/lottery redraw docs/results/*.zip --into redrawn
	@echo "Drew redrawn/*/*.png and .pdf"

test: install ## all tests but those that need a SLURM cluster (those in tests/gpu need a GPU)
	$(BIN)/python -m pytest tests/workflow tests/unit tests/gpu -n 2 --dist loadfile --no-loadscope-reorder

PROCESSORS := as-it-is ATEN_CPU_CAPABILITY=avx2,ONEDNN_MAX_CPU_ISA=AVX2 \
	ATEN_CPU_CAPABILITY=default,ONEDNN_MAX_CPU_ISA=SSE41

test-numbers: install ## the tests of numbers as on older processors, by one thread and two: minutes
	@for threads in 1 2; do for processor in $(PROCESSORS); do \
		echo "$$processor, threads: $$threads"; \
		env $$(echo $$processor | grep -o '[A-Z_]*=[^,]*') OMP_NUM_THREADS=$$threads OMP_WAIT_POLICY=passive \
			$(BIN)/python -m pytest -q -n 2 -m numbers $$(grep -l mark.numbers tests/unit/*.py) || exit 1; \
	done; done

lint: install ## ruff, mypy, snakefmt (the workflow's own linter runs with the tests)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow

test-cluster: install ## the workflow and its faults on a real SLURM (needs root and Debian's slurm-wlm)
	$(BIN)/python -m pytest tests/slurm -v $(if $(QUICK),-m quick)

IMAGES ?=
bench: install ## what the pipeline costs, as ratios (IMAGES=FOLDER of real JPEGs): ten minutes
	$(BIN)/python -m benchmarks $(if $(IMAGES),--images $(IMAGES))

clean: ## remove the environment, never any result
	rm -rf $(VENV) *.egg-info
