// Answers requests of a role: reads {"policies": {name: [documents]}, "requests": [...]} and writes one word a request,
// "Allowed", "ImplicitlyDenied" or "ExplicitlyDenied". What a request says that IAM would not know for it is an error.
import { runSimulation } from "@cloud-copilot/iam-simulate";

const ACCOUNT = "123456789012";

async function decide(policies, { role, action, resource, context }) {
    const answer = await runSimulation(
        {
            request: {
                principal: `arn:aws:iam::${ACCOUNT}:role/${role}`,
                action,
                resource: { resource, accountId: ACCOUNT },
                contextVariables: context,
            },
            identityPolicies: policies[role].map((policy, number) => ({ name: `${role}-${number}`, policy })),
            serviceControlPolicies: [],
            resourceControlPolicies: [],
        },
        {},
    );
    if (answer.resultType !== "single") return { error: answer.errors ?? answer.resultType };
    if (answer.result.ignoredContextKeys.length > 0) return { error: { unknown: answer.result.ignoredContextKeys } };
    return { decision: answer.overallResult };
}

let asked = "";
for await (const part of process.stdin) asked += part;
const { policies, requests } = JSON.parse(asked);
const answers = [];
for (const request of requests) answers.push(await decide(policies, request));
process.stdout.write(JSON.stringify(answers));
