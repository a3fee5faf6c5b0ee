"""An outside world on one machine: a server that speaks Twilio's wire protocol and SMTP, with every phone on a page.

It knows the service only by what goes over the wire, so the service runs the same code against it as against the real
provider. Two things are stricter or looser than the real one, on purpose: opt-outs are kept per phone and sender number
(a messaging service counts as its one pool number), and nothing is ever rate limited unless a fault says so.
"""

from reminders.simulator.people import Person, read_people
from reminders.simulator.server import Simulator
from reminders.simulator.settings import SimulatorSettings

__all__ = ["Person", "Simulator", "SimulatorSettings", "read_people"]
