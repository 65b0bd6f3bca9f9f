"""Right answers: a sample of each kind before it is measured, and the response codes of each run after."""
import ipaddress

import dns.rcode
import dns.rdatatype

import drive
import world


def expected_rcodes(candidate, kind):
    if kind in ("outside", "outside6"):
        return {"REFUSED"}
    if kind == "dark":
        return {"NOERROR"} if candidate.leaf else {"NXDOMAIN"}
    return {"NOERROR", "NXDOMAIN"} if kind == "zipf" else {"NOERROR"}


def check_run(candidate, kind, run):
    """Wrong when a response code is another one. What a busy machine loses is no wrong answer: the table tells of it."""
    where = f"{candidate.name}, {kind}"
    if set(run.rcodes) - expected_rcodes(candidate, kind):
        raise drive.Wrong(f"{where}: response codes {run.rcodes}")
    if sum(run.rcodes.values()) != run.queries:
        raise drive.Wrong(f"{where}: {run.rcodes} of {run.queries:.0f}")


def _right(candidate, name, rrtype, reply):
    """Whether the reply to a question for a name that exists is right."""
    if reply.rcode() != dns.rcode.NOERROR or len(reply.answer) != 1 or len(reply.answer[0]) != 1:
        return False
    rrset = reply.answer[0]
    if dns.rdatatype.to_text(rrset.rdtype) != rrtype or rrset.ttl != 3600:
        return False
    content = rrset[0].to_text().lower().rstrip(".")
    if candidate.answers == "null":
        return True
    if rrtype == "AAAA":
        return ipaddress.ip_address(content) == world.address_in(name)
    address = world.address_of(name)
    if candidate.answers == "exact":
        return content == (f"{address.exploded.replace(':', '-')}" if address.version == 6 else
                           str(address).replace(".", "-")) + "." + world.FORWARD
    return content.endswith("." + world.FORWARD) and world.address_in(content) == address


def check_answers(candidate, running, kind, lines, dnssec):
    """Asks these lines; Wrong with the first that is not right."""
    asked = [(*line.split(), dnssec) for line in lines]
    for (name, rrtype, _), reply in zip(asked, running.dns.ask_many([(n + ".", t, d) for n, t, d in asked], window=8)):
        absent = name.endswith(world.DARK_APEX) and candidate.answers != "null"
        if kind.startswith("outside"):
            right = dns.rcode.to_text(reply.rcode()) == "REFUSED"
        elif absent and candidate.leaf:
            right = reply.rcode() == dns.rcode.NOERROR and not reply.answer
        elif absent:
            right = reply.rcode() == dns.rcode.NXDOMAIN and not reply.answer
        else:
            right = _right(candidate, name, rrtype, reply)
        if not right:
            raise drive.Wrong(f"{candidate.name}, {kind}: {name} {rrtype} was answered\n{reply}")
