"""Room `verification`: 资格校验, 预警核实 and the check before the file."""
