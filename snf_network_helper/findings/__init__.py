"""Why a guest has no network: a closed list of findings, one file a finding, each a pure function of facts."""
