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

NUMBERS := models.py compact.py tasks.py hsv_noise.py geometry.py data.py \
	$(addprefix training.py::test_,adam_decays_by_l2_in_the_gradient labelled_images_weigh_alike_in_uneven_parts \
		a_batch_in_parts_has_the_gradient_of_the_whole_but_for_batch_norm the_optimizer_is_torchs_to_the_bit \
		the_same_seed_gives_the_same_bits_and_another_does_not running_statistics_are_those_of_the_first_part) \
	$(addprefix measure.py::test_,a_training_whose_embeddings_collapse_is_warned_of a_training_that_learns_is_not \
		any_number_of_processes_measures_the_same) \
	precision.py::test_with_bfloat16_weights_stay_float32_and_pruned_ones_zero \
	rewinding.py::test_what_is_not_rewound_goes_on_with_the_weights_of_the_round_before \
	export.py::test_onnx_predicts_the_same distributed.py::test_two_processes_learn_what_one_does
PROCESSORS := as-it-is ATEN_CPU_CAPABILITY=avx2,ONEDNN_MAX_CPU_ISA=AVX2 \
	ATEN_CPU_CAPABILITY=default,ONEDNN_MAX_CPU_ISA=SSE41

test-numbers: install ## the tests of numbers as on older processors, by one thread and two: minutes
	@for threads in 1 2; do for processor in $(PROCESSORS); do \
		echo "$$processor, threads: $$threads"; \
		env $$(echo $$processor | grep -o '[A-Z_]*=[^,]*') OMP_NUM_THREADS=$$threads OMP_WAIT_POLICY=passive \
			$(BIN)/python -m pytest -q -n 2 $(addprefix tests/unit/test_,$(NUMBERS)) || exit 1; \
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
