import { Alert, Badge, SimpleGrid } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { type CreditPlan, creditPlan } from "../../api/credits";
import { MAY } from "../../api/permissions";
import { AllowedButton } from "../../parts/allowed";
import { Loaded, Page } from "../../parts/page";
import { Figure, Note } from "../../parts/panel";
import { When } from "../../parts/time";
import { useProject } from "../../shell/place";
import { PlanForm } from "./plan-form";
import { PurchaseDialog } from "./purchase-dialog";

/** How the project pays for its calls, and with what. */
export default function Credits() {
  const project = useProject() ?? "";
  const [adding, setAdding] = useState(false);
  const query = useQuery({ queryKey: ["credits", project], queryFn: creditPlan });
  return (
    <Page
      title="Credits"
      about="What calls of the Verifik API cost this project. Only calls whose images were analyzed are charged."
      actions={
        <AllowedButton
          needs={MAY.editProjects}
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => setAdding(true)}
        >
          Add credits
        </AllowedButton>
      }
    >
      <Loaded query={query}>
        {(plan) => (
          <>
            <State plan={plan} />
            <PlanForm plan={plan} project={project} />
          </>
        )}
      </Loaded>
      {adding && <PurchaseDialog project={project} onClose={() => setAdding(false)} />}
    </Page>
  );
}

function State({ plan }: { plan: CreditPlan }) {
  return (
    <>
      {plan.prepaid && plan.balance <= 0 && (
        <Alert color="red" title="No credits left">
          Calls that cost credits are refused (402) until credits are added.
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Figure name="Balance" value={<span data-testid="balance">{plan.balance.toLocaleString()}</span>}>
          <Note>Without credits reserved for calls in progress</Note>
        </Figure>
        <Figure
          name="Plan"
          value={<Badge color={plan.prepaid ? "blue" : "gray"}>{plan.prepaid ? "Prepaid" : "Postpaid"}</Badge>}
        >
          <Note>
            {plan.updated_at ? (
              <>
                Set <When at={plan.updated_at} />
              </>
            ) : (
              "Default"
            )}
          </Note>
        </Figure>
      </SimpleGrid>
    </>
  );
}
