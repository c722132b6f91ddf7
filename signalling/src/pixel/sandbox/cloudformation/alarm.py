"""Alarms of CloudWatch in a stack."""

from __future__ import annotations

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.common_models import CloudFormationModel

from pixel.sandbox.cloudformation.resource import Order, Resource


class Alarm(Resource, CloudFormationModel):
    """An alarm over one metric."""

    @staticmethod
    def cloudformation_type() -> str:
        """The type's name."""
        return "AWS::CloudWatch::Alarm"

    @staticmethod
    def cloudformation_name_type() -> str:
        """The property that names it."""
        return "AlarmName"

    @classmethod
    def make(cls, order: Order) -> Resource:
        """Make the alarm."""
        given = order.given
        alarm = cloudwatch_backends[order.account][order.region].put_metric_alarm(
            name=order.name,
            namespace=given.get("Namespace", ""),
            metric_name=given.get("MetricName", ""),
            comparison_operator=given["ComparisonOperator"],
            evaluation_periods=int(given["EvaluationPeriods"]),
            period=int(given.get("Period", 60)),
            threshold=float(given.get("Threshold", 0)),
            statistic=given.get("Statistic", ""),
            description=given.get("AlarmDescription", ""),
            dimensions=given.get("Dimensions", []),
            alarm_actions=given.get("AlarmActions", []),
            ok_actions=given.get("OKActions", []),
            insufficient_data_actions=given.get("InsufficientDataActions", []),
            datapoints_to_alarm=given.get("DatapointsToAlarm"),
            treat_missing_data=given.get("TreatMissingData"),
            unit=given.get("Unit"),
            actions_enabled=bool(given.get("ActionsEnabled", True)),
        )
        return cls(order.name, order, {"Arn": alarm.alarm_arn})

    def remove(self) -> None:
        """Delete the alarm."""
        cloudwatch_backends[self.order.account][self.order.region].delete_alarms([self.physical_resource_id])
