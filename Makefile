# Every command of the project. Recipes print nothing of their own: the last line of stdout belongs to the command.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
# Kept byte code makes every start three times as quick.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONUNBUFFERED := 1
PY := .daohu/venv/bin/python
RUN = stack/setup.sh && exec $(PY)

.PHONY: help
help: ## 列出命令 (list the commands)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: ## 安装到 .daohu (install everything into the checkout; instant when nothing changed)
	@stack/setup.sh

.PHONY: demo
demo: ## 从申请到到账 (the main job; PEOPLE=500 MONTHS=1|3 SEED= ROSTER=file.xlsx SABOTAGE=double-pay|lose|cut-audit KILL=payment,broker)
	@$(RUN) -m demo

.PHONY: up
up: ## 保持运行 (keep the system running; prints addresses and logins; PORT= for the portal)
	@$(RUN) -m stack up $(if $(PORT),--port $(PORT))

.PHONY: person
person: ## 一个人的全过程 (one person's whole life; N=)
	@$(RUN) -m demo.person $(N)

.PHONY: test
test: ## 全部测试 (every test; ARGS= for pytest)
	@$(RUN) -m pytest $(ARGS)

.PHONY: test-national
test-national: ## 国密 (the rooms' tests with SM3 and SM4: a soak, some minutes; ARGS= for pytest)
	@stack/setup.sh && DAOHU_CRYPTO=national exec $(PY) -m pytest $(or $(ARGS),kit services simulators checker demo stack)

.PHONY: test-year
test-year: ## 三个月 (three months to the fen: a soak, some minutes)
	@stack/setup.sh && DAOHU_YEAR=1 exec $(PY) -m pytest tests-e2e/test_year.py

.PHONY: check
check: ## 静态检查 (format, lint, types, import rules, contracts, diagrams, host names)
	@.ci/run setup format lint types imports contracts diagrams hosts

.PHONY: format
format: ## 整理格式 (format the code)
	@stack/setup.sh && .daohu/venv/bin/ruff format . && exec .daohu/venv/bin/ruff check --fix .

.PHONY: bench-engine
bench-engine: ## 引擎速度 (process engine against the naive way)
	@$(RUN) -m bench.engine

.PHONY: bench-pipeline
bench-pipeline: ## 全程速度 (roster to last line paid; LINES=2000,20000,100000)
	@$(RUN) -m bench.pipeline

.PHONY: bench-county
bench-county: ## 一县一年 (a county's year: many small batches, one huge; SCALE=60, 1 is the whole year)
	@$(RUN) -m bench.county

.PHONY: bench-nodes
bench-nodes: ## 各自动环节 (a huge slice through each automatic node; LINES=200000 ROOMS=batch,payment)
	@$(RUN) -m bench.nodes

.PHONY: deploy-project
deploy-project: ## 部署一个项目 (deploy a project's folder to the running system; DIR=)
	@$(RUN) -m demo.deploy $(DIR)

.PHONY: parked
parked: ## 搁置的消息 (look at parked messages; ROOM= ACT=retry|drop N= to decide one)
	@$(RUN) -m stack.parked $(ROOM) $(ACT) $(N)

.PHONY: requirements
requirements: ## 重新锁定依赖 (compile requirements/*.txt; UPGRADE=1 for newer versions)
	@stack/setup.sh && exec requirements/compile

.PHONY: clean-data
clean-data: ## 删除 .daohu/data 与运行记录 (delete lasting data and logs)
	@rm -rf .daohu/data .daohu/run
