import { Button, Menu, TagsInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { IconFlag, IconTag } from "@tabler/icons-react";
import { useState } from "react";

import { MAY } from "../../api/permissions";
import { useCan } from "../../api/session";
import { putFlag, putTags } from "../../api/transactions";
import type { Flag, Transaction } from "../../api/types";
import { AllowedButton } from "../../parts/allowed";
import { Dialog } from "../../parts/dialog";
import { Form } from "../../parts/form";
import { done, failed } from "../../parts/notify";

const FLAGS: { flag: Flag; label: string }[] = [
  { flag: "fraudulent", label: "Fraudulent" },
  { flag: "possibly_fraudulent", label: "Possibly fraudulent" },
  { flag: "ok", label: "Reviewed, ok" },
];

/** What a reviewer makes of it: a flag and tags. */
export function Review({ transaction, project }: { transaction: Transaction; project: string }) {
  const can = useCan();
  const client = useQueryClient();
  const [tagging, setTagging] = useState(false);
  const take = (changed: Transaction) => {
    client.setQueryData(["transaction", project, changed.id], changed);
    void client.invalidateQueries({ queryKey: ["transactions", project] });
  };
  const flag = (value: Flag) =>
    void putFlag(transaction.id, value).then((changed) => {
      take(changed);
      done("The flag is set");
    }, failed);
  return (
    <>
      <AllowedButton
        needs={MAY.review}
        variant="default"
        leftSection={<IconTag size={16} aria-hidden />}
        onClick={() => setTagging(true)}
      >
        Tags
      </AllowedButton>
      {can(MAY.review) ? (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="default" leftSection={<IconFlag size={16} aria-hidden />}>
              Flag
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {FLAGS.map(({ flag: value, label }) => (
              <Menu.Item key={value} onClick={() => flag(value)} disabled={transaction.flag === value}>
                {label}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      ) : (
        <AllowedButton needs={MAY.review} variant="default" leftSection={<IconFlag size={16} aria-hidden />}>
          Flag
        </AllowedButton>
      )}
      {tagging && <Tagging transaction={transaction} onClose={() => setTagging(false)} onDone={take} />}
    </>
  );
}

function Tagging({
  transaction,
  onClose,
  onDone,
}: {
  transaction: Transaction;
  onClose: () => void;
  onDone: (changed: Transaction) => void;
}) {
  const form = useForm({ initialValues: { tags: transaction.tags } });
  const keep = async ({ tags }: typeof form.values) => {
    onDone(await putTags(transaction.id, tags));
    done("The tags are set");
    onClose();
  };
  return (
    <Dialog onClose={onClose} title="Tags">
      <Form form={form} send={keep} action="Save" at="dialog" onCancel={onClose}>
        <TagsInput
          label="Tags"
          description="Enter or a comma ends one; at most 100 characters each"
          maxTags={100}
          data-autofocus
          clearable
          clearButtonProps={{ "aria-label": "Take all away" }}
          {...form.getInputProps("tags")}
        />
      </Form>
    </Dialog>
  );
}
