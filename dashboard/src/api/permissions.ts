/** The permissions the dashboard asks for, in the server's words. */

export const MAY = {
  editProjects: "projects.write",
  review: "transactions.write",
  seeSamples: "samples.read",
  seeSubjects: "subjects.read",
  editSubjects: "subjects.write",
  tryRules: "rules.try",
  editRules: "rules.write",
  seeKeys: "keys.read",
  editKeys: "keys.write",
  seeWebhooks: "webhooks.read",
  editWebhooks: "webhooks.write",
  tryIt: "try_it",
  seeOperations: "operations.read",
  seeAudit: "audit.read",
  seeUsers: "users.read",
  editUsers: "users.write",
  makeOwners: "owners.write",
  deleteOrganisation: "organisation.delete",
} as const;
