# `make demo` and `make test` work on a fresh machine with Python 3.11, g++, make and perl.
PYTHON ?= python3
# Where pip looks for more wheels. A Linux machine without a GPU saves gigabytes with
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
# Processes that run tests side by side: make test WORKERS=8
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

.DEFAULT_GOAL := help
.PHONY: help setup trained small-cnn large orders demo test explore lint bench bench-area bench-cost bench-engine bench-flash bench-fuzz \
  bench-hls bench-import bench-methods bench-netlist bench-post-training bench-sweep bench-train clean

help:  ## these lines
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "make %-20s %s\n", $$1, $$2 }'

setup: $(STAMP)  ## a virtual environment in .venv with twofold and all that it needs

$(STAMP): pyproject.toml constraints.txt
	@case '$(CURDIR)' in *' '*) echo "make and Verilator need a folder without spaces in its path, this is '$(CURDIR)'"; exit 2;; esac
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "twofold needs Python 3.11 or newer, this is " + sys.version)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
	  $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -e '.[dev]'
	touch $@

demo: setup  ## two networks from images to checked hardware, and build/demo/report.html
	$(BIN)/twofold demo

lint: setup  ## the linter, the formatter and the type checker
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint  ## all tests, after lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# What it finds becomes a case of `make test`.
explore: setup  ## the tests that draw examples, with new ones each time
	HYPOTHESIS_PROFILE=explore OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) -m hypothesis

# Each writes its rows to build/bench and prints them beside a baseline of the same run.
bench:  ## the lines of the benches alone
	@$(MAKE) --no-print-directory help | grep '^make bench-'

bench-area: setup  ## LUTs, DSPs, depth and clock of each kind of MAC array (hours, less the second time)
	$(BIN)/python -m twofold.synth.bench_area --place

bench-cost: setup  ## the planner's model of area beside synthesis, over 66 geometries (half an hour)
	$(BIN)/python -m twofold.synth.bench_cost

bench-engine: setup  ## ResNets on engines of 1 to 8 tiles, generated layers on 1 to 16: exact, cycles, MACs busy (hours)
	$(BIN)/python -m twofold.sim.bench_layers
	$(BIN)/python -m twofold.sim.bench_engine

bench-flash: setup  ## copies over SSH to OpenSSH's sshd, and openFPGALoader's names of boards (a minute)
	$(BIN)/python -m twofold.bench.flash

bench-fuzz: setup  ## 100,000 damaged files through the importer (20 minutes at most)
	$(BIN)/python -m twofold.qonnx.bench_fuzz

bench-hls: setup  ## ResNet-8 and ResNet-20, INT8 and APoT, 100 frames through hls4ml's C simulation (15 minutes)
	$(BIN)/python -m twofold.bench.hls

# MODELS: a folder of .onnx files. DATA: MNIST in its official layout. HLS, RTL: frames to run there as well.
bench-import: setup  ## files of others: outcome, equality with the qonnx executor, speed (MODELS=DIR DATA=DIR)
	$(BIN)/python -m twofold.bench.importer $(MODELS) $(if $(DATA),--data $(DATA)) $(if $(HLS),--hls $(HLS)) $(if $(RTL),--rtl $(RTL)) $(if $(BREVITAS),--brevitas) $(if $(APPROXIMATE),--approximate)

bench-methods: setup  ## a network by every recipe and setting through executor, hls4ml and engine (12 minutes)
	$(BIN)/python -m twofold.bench.methods

bench-netlist: setup  ## 10^6 vectors through RTL and mapped netlist of each kind of MAC array (up to an hour)
	$(BIN)/python -m twofold.sim.bench_netlist

bench-post-training: setup  ## a float run beside what quantisation without training makes of it (RUNS=FOLDERS DATA=DIR)
	$(BIN)/python -m twofold.bench.post_training $(RUNS) --data cifar10 --data-folder "$(DATA)"

bench-sweep: setup  ## a sweep of 24 trials by two processes, one of which is killed (10 minutes)
	$(BIN)/python -m twofold.bench.sweep

bench-train: setup  ## images a second in training, beside Brevitas INT8 (10 minutes)
	$(BIN)/python -m twofold.train.bench_train

# The networks of docs/results.md, each a run that goes on where it stopped: make -j2 trained DATA=FOLDER, which
# holds CIFAR-10's binary version. About a day on two cores.
NEEDS_CIFAR10 = @test -d "$(DATA)" || { echo "DATA=FOLDER: expected a folder with CIFAR-10, got '$(DATA)'"; exit 2; }
TRAIN = OMP_NUM_THREADS=1 $(BIN)/twofold train --data cifar10 --data-folder "$(DATA)" --results docs/results.json
RESNET20 := build/train/resnet20_cifar10_float
RESNET8 := build/train/resnet8_cifar10_float_taught
FROM_RESNET20 := cifar10_int8 apot_w4_uniform_a4 ppq ppq_long spq ppq_align4 ppq_align8 ppq_align16 apot_w4_a4
FROM_RESNET8 := cifar10_int8 apot_w4_uniform_a4 apot_w4_a4_residual4
RESNET20_RUNS := $(FROM_RESNET20:%=build/train/resnet20_%/metrics.json)
RESNET8_RUNS := $(FROM_RESNET8:%=build/train/resnet8_%/metrics.json)

trained: $(RESNET20_RUNS) $(RESNET8_RUNS)  ## the networks of docs/results.md (a day; DATA=FOLDER with CIFAR-10)

$(RESNET20)/metrics.json: | setup
	$(NEEDS_CIFAR10)
	$(TRAIN) cifar10_float --network resnet20

$(RESNET8)/metrics.json: $(RESNET20)/metrics.json
	$(TRAIN) cifar10_float_taught --network resnet8 --teacher $(RESNET20)

$(RESNET20_RUNS): build/train/resnet20_%/metrics.json: $(RESNET20)/metrics.json
	$(TRAIN) $* --network resnet20 --start $(RESNET20)

$(RESNET8_RUNS): build/train/resnet8_%/metrics.json: $(RESNET8)/metrics.json
	$(TRAIN) $* --network resnet8 --start $(RESNET8) --teacher $(RESNET20)

# The rows of docs/small-cnn.md: make small-cnn MNIST=FOLDER DATA=FOLDER, which hold MNIST's idx files and CIFAR-10's
# binary version. Resumed like those above; an hour or two on a core.
SMALL_TRAIN = OMP_NUM_THREADS=1 $(BIN)/twofold train --network small_cnn --results docs/results.json
FROM_SMALL := scratch trained dense conv
SMALL_RUNS := $(foreach set,mnist cifar10,$(FROM_SMALL:%=build/train/small_cnn_$(set)_%/metrics.json))
small-cnn: $(SMALL_RUNS)  ## the rows of docs/small-cnn.md (hours; MNIST=FOLDER DATA=FOLDER)

build/train/small_cnn_mnist_float/metrics.json: | setup
	@test -d "$(MNIST)" || { echo "make small-cnn MNIST=FOLDER: expected a folder with MNIST, got '$(MNIST)'"; exit 2; }
	$(SMALL_TRAIN) small_cnn_float --data mnist --data-folder "$(MNIST)" --out $(@D)

build/train/small_cnn_cifar10_float/metrics.json: | setup
	$(NEEDS_CIFAR10)
	$(SMALL_TRAIN) small_cnn_float --data cifar10 --data-folder "$(DATA)" --out $(@D)

build/train/small_cnn_mnist_%/metrics.json: build/train/small_cnn_mnist_float/metrics.json
	$(SMALL_TRAIN) small_cnn_$* --data mnist --data-folder "$(MNIST)" --out $(@D) $(if $(filter-out scratch,$*),--start $(<D))

build/train/small_cnn_cifar10_%/metrics.json: build/train/small_cnn_cifar10_float/metrics.json
	$(SMALL_TRAIN) small_cnn_$* --data cifar10 --data-folder "$(DATA)" --out $(@D) $(if $(filter-out scratch,$*),--start $(<D))

# The float networks of docs/post-training.md and docs/orders.md that are too large for a long training without a GPU, and
# the two orders of docs/orders.md, three seeds each: make large DATA=FOLDER, make orders DATA=FOLDER.
LARGE_RUNS := $(patsubst %,build/train/%/metrics.json,vgg16_cifar10_float_brief resnet18_cifar10_float_two_epochs)
large: $(LARGE_RUNS)  ## VGG-16 and ResNet-18 in a few epochs (hours; DATA=FOLDER)

build/train/vgg16_%/metrics.json: | setup
	$(NEEDS_CIFAR10)
	$(TRAIN) $* --network vgg16 --out $(@D)

build/train/resnet18_%/metrics.json: | setup
	$(NEEDS_CIFAR10)
	$(TRAIN) $* --network resnet18 --out $(@D)

ORDERS := $(foreach seed,0 1 2,$(foreach order,prune_int8 int8_prune,build/train/resnet8_$(order)_$(seed)/metrics.json))
orders: $(ORDERS)  ## the rows of docs/orders.md (hours; DATA=FOLDER)

build/train/resnet8_prune_int8_%/metrics.json: $(RESNET8)/metrics.json
	$(TRAIN) prune_int8 --network resnet8 --seed $* --start $(RESNET8) --out $(@D)

build/train/resnet8_int8_prune_%/metrics.json: $(RESNET8)/metrics.json
	$(TRAIN) int8_prune --network resnet8 --seed $* --start $(RESNET8) --out $(@D)

clean:  ## removes build and the caches of tools, not .venv
	rm -rf build .pytest_cache .mypy_cache .ruff_cache
