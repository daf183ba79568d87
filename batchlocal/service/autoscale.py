"""Automatic scaling at the service plane: enable, disable, evaluate (F11)."""

from __future__ import annotations

from batchlocal.autoscaling import enabled, evaluate
from batchlocal.domain import autoscale, formulas
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.service.answers import changed
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import CATALOGUE, worded
from batchlocal.service.pools import pool_asked, pool_of, run_in_version
from batchlocal.service.registry import handles

CATALOGUE.update(
    {
        formulas.FormulaUnreadable: worded(
            400,
            "AutoScalingFormulaSyntaxError",
            "The specified auto-scaling formula has a syntax error.",
            Message="{place}",
        ),
        formulas.FormulaTooLong: worded(
            400,
            "AutoScaleFormulaTooLong",
            "The specified auto-scaling formula exceeds lengths limit.",
            Message="{place}",
        ),
        formulas.AutoScaleSettingsInvalid: worded(
            400,
            "InvalidAutoScalingSettings",
            "The specified auto-scaling settings are not valid.",
            Reason="{reason}",
        ),
    }
)


@handles("Pool_EnableAutoScale")
def enable(call: ServiceCall) -> Answer:
    """200 and a new ETag; the formula is evaluated at once."""
    body = call.body or {}
    formula, interval = body.get("autoScaleFormula"), body.get("autoScaleEvaluationInterval")
    pool = enabled(call.platform, call.tx, autoscale.enable(pool_asked(call), formula, interval, call.now), call.now)
    return changed(call, 200, f"pools/{pool.id}/enableautoscale", pool.modified)


@handles("Pool_DisableAutoScale")
def disable(call: ServiceCall) -> Answer:
    """200 and the old ETag (27 of 42 recordings); the targets stay."""
    pool = autoscale.disable(pool_of(call))
    call.tx.pools.put(pool)
    return changed(call, 200, f"pools/{pool.id}/disableautoscale", pool.modified)


@handles("Pool_EvaluateAutoScale")
def evaluate_formula(call: ServiceCall) -> Answer:
    """200 with the run, also when the formula has no value: its ``error`` tells why (recorded).

    The reference asks for a pool that scales itself, without saying how others are refused; a recording has 200
    right after disableautoscale, so none is refused here.
    """
    pool = pool_of(call)
    run = evaluate(call.platform, call.tx, pool, call.body["autoScaleFormula"], call.now)
    facts = run_in_version(call, autoscale.as_facts(run, moments.iso(call.now)))
    kind = "Microsoft.Azure.Batch.Protocol.Entities.AutoScaleRun"
    url = f"{call.url}/pools/{pool.id}/evaluateautoscale"
    return Answer(200, {"odata.metadata": f"{call.url}/$metadata#{kind}", **facts}, {"DataServiceId": url})
