.PHONY: run test ci bench-train

# Install what is missing, build, make the sample, open the window on it.
run:
	@scripts/run.sh

# Install what tests need and run them all.
test:
	@scripts/test.sh

# What must hold before a change lands.
ci:
	@.ci/run

# Time a training step beside PyTorch's (installs PyTorch into target/: a large download).
bench-train:
	@scripts/bench_train.sh
