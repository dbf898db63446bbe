# make lab       set up what is missing, then run the first lab
# make test      set up what is missing, then run every test
# make nightly   the same with the long tests
# make setup     only set up
# make clean     remove what npm and the tests left here (the image cache stays: scripts/setup says where)

LAB ?= vf-aer-hang

.PHONY: lab test nightly setup clean

lab: setup
	@npm run --silent lab $(LAB)

test: setup
	@npm run --silent check
	@npm run --silent test

# setup sees it too: some packages are for the long tests only.
nightly: export VFLAB_NIGHTLY = 1
nightly: setup
	@npm run --silent check
	@npm run --silent test

setup:
	@scripts/setup

clean:
	rm -rf node_modules .vitest coverage
