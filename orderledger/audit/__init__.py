"""Answers for auditors: explanations, sums of parts, restatements, compliance, and the log under
other assumptions."""
