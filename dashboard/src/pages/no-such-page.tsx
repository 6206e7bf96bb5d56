import { Button } from "@mantine/core";
import { Link } from "wouter";

import { Empty, Page } from "../parts/page";

export default function NoSuchPage() {
  return (
    <Page title="No such page">
      <Empty title="There is nothing here">
        The address is wrong, or it belongs to a project you are not in.
        <div>
          <Button component={Link} href="~/dashboard/" variant="default" mt="md">
            To the start
          </Button>
        </div>
      </Empty>
    </Page>
  );
}
