import { changeKey } from "../../api/projects";
import type { ApiKey } from "../../api/types";
import { Dialog } from "../../parts/dialog";
import { Form } from "../../parts/form";
import { done } from "../../parts/notify";
import { KeyFields, type KeyValues, toChange, useKeyForm } from "./key-fields";

interface Props {
  apiKey: ApiKey;
  onClose: () => void;
  onChanged: () => Promise<unknown>;
}

/** Changes a key in use; the key itself stays as it is. */
export function EditKey({ apiKey, onClose, onChanged }: Props) {
  const form = useKeyForm(apiKey);
  const change = async (values: KeyValues) => {
    await changeKey(apiKey.id, toChange(values));
    await onChanged();
    done("The key is changed; it counts from the next call");
    onClose();
  };
  return (
    <Dialog onClose={onClose} title="Change the key" size="lg">
      <Form form={form} send={change} action="Save" at="dialog" onCancel={onClose}>
        <KeyFields field={form.getInputProps} />
      </Form>
    </Dialog>
  );
}
