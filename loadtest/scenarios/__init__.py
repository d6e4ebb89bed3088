"""What can be run, by name. The table is in `loadtest.scenarios.table`; each scenario in a module of its own."""

from loadtest.scenarios.base import Parameter as Parameter
from loadtest.scenarios.base import Scenario as Scenario
from loadtest.scenarios.table import SCENARIOS as SCENARIOS
