"""Room `registry`: the only place that holds ID numbers, names, phones and accounts of persons."""
