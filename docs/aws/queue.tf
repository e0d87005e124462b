# The queue of the node termination handler, the rules that fill it, and the rights to read it.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.29"
    }
  }
}

variable "queue_name" {
  type    = string
  default = "node-termination-handler"
}

variable "message_retention_seconds" {
  description = "How long a message is kept, whether or not it is worked for"
  type        = number
  default     = 14400

  validation {
    condition     = var.message_retention_seconds >= 3600
    error_message = "Messages are to be kept for an hour or more."
  }
}

variable "auto_scaling_group_names" {
  description = "The groups that are to wait until a node is drained"
  type        = set(string)
  default     = []
}

variable "hook_timeout_seconds" {
  description = "How long a group waits without a heartbeat"
  type        = number
  default     = 600
}

variable "cluster_name" {
  description = "The EKS cluster whose ServiceAccount gets the role by EKS Pod Identity; empty for none"
  type        = string
  default     = ""
}

variable "namespace" {
  type    = string
  default = "kube-system"
}

variable "service_account" {
  type    = string
  default = "aws-node-termination-handler"
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  event_patterns = {
    # Instances that AWS takes or is likely to take.
    interruption = {
      source = ["aws.ec2"]
      detail-type = [
        "EC2 Spot Instance Interruption Warning",
        "EC2 Instance Rebalance Recommendation",
        # AWS's documentation has each of these two under two names.
        "EC2 Capacity Reservation Instance Interruption Warning",
        "EC2 Interruptible Capacity Reservation Instance Interruption Warning",
        "Capacity Block Reservation Expiration Warning",
        "Capacity Block Expiration Warning",
      ]
    }
    # Instances that are stopped or terminated, by whomever.
    state-change = {
      source      = ["aws.ec2"]
      detail-type = ["EC2 Instance State-change Notification"]
      detail      = { state = ["stopping", "stopped", "shutting-down", "terminated"] }
    }
    # Auto Scaling groups that wait.
    lifecycle-action = {
      source = ["aws.autoscaling"]
      detail-type = [
        "EC2 Instance-terminate Lifecycle Action",
        "EC2 Instance-launch Lifecycle Action",
      ]
    }
    # Maintenance of instances.
    health = {
      source      = ["aws.health"]
      detail-type = ["AWS Health Event"]
      detail      = { service = ["EC2"], eventTypeCategory = ["scheduledChange"] }
    }
  }
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.queue_name}-dead"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "this" {
  name                      = var.queue_name
  message_retention_seconds = var.message_retention_seconds
  sqs_managed_sse_enabled   = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    # Once each visibility timeout of 20 s: after half an hour.
    maxReceiveCount = 100
  })
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.event_patterns

  name          = "${var.queue_name}-${each.key}"
  event_pattern = jsonencode(each.value)
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = aws_cloudwatch_event_rule.this

  rule      = each.value.name
  target_id = "queue"
  arn       = aws_sqs_queue.this.arn
}

data "aws_iam_policy_document" "queue" {
  statement {
    sid       = "RulesOfThisAccount"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.this.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [for rule in aws_cloudwatch_event_rule.this : rule.arn]
    }
  }

  statement {
    sid       = "OnlyEncrypted"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [aws_sqs_queue.this.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "this" {
  queue_url = aws_sqs_queue.this.url
  policy    = data.aws_iam_policy_document.queue.json
}

resource "aws_autoscaling_lifecycle_hook" "termination" {
  for_each = var.auto_scaling_group_names

  name                   = "node-termination-handler"
  autoscaling_group_name = each.value
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  heartbeat_timeout      = var.hook_timeout_seconds
  default_result         = "CONTINUE"
}

data "aws_iam_policy_document" "daemon" {
  statement {
    sid       = "Queue"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
    resources = [aws_sqs_queue.this.arn]
  }

  statement {
    sid       = "Instances"
    actions   = ["ec2:DescribeInstances"]
    resources = ["*"]
  }

  statement {
    sid     = "Hooks"
    actions = ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"]
    resources = [
      "arn:${data.aws_partition.current.partition}:autoscaling:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:autoScalingGroup:*:autoScalingGroupName/*",
    ]
  }
}

resource "aws_iam_policy" "daemon" {
  name   = var.queue_name
  policy = data.aws_iam_policy_document.daemon.json
}

data "aws_iam_policy_document" "pods" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["pods.eks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "daemon" {
  count = var.cluster_name == "" ? 0 : 1

  name               = var.queue_name
  assume_role_policy = data.aws_iam_policy_document.pods.json
}

resource "aws_iam_role_policy_attachment" "daemon" {
  count = var.cluster_name == "" ? 0 : 1

  role       = aws_iam_role.daemon[0].name
  policy_arn = aws_iam_policy.daemon.arn
}

resource "aws_eks_pod_identity_association" "daemon" {
  count = var.cluster_name == "" ? 0 : 1

  cluster_name    = var.cluster_name
  namespace       = var.namespace
  service_account = var.service_account
  role_arn        = aws_iam_role.daemon[0].arn
}

output "queue_url" {
  description = "For the Helm value queueURL"
  value       = aws_sqs_queue.this.url
}

output "policy_arn" {
  description = "To be attached to the role of the ServiceAccount, where that is not made here"
  value       = aws_iam_policy.daemon.arn
}
