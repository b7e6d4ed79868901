// What npm `customerio-node` can do, against an emulator on port 443: `node customerio_node.js HOST`; prints what came back.
const { APIClient, SendEmailRequest, TrackClient } = require("customerio-node");

const host = process.argv[2];
const track = new TrackClient("site", "key", { url: `https://${host}/api/v1` });
const api = new APIClient("key", { url: `https://${host}/v1` });

async function main() {
  for (let number = 0; number < 5; number++) {
    await track.identify(`u${number}`, { email: `u${number}@example.com`, plan: "pro" });
    await track.track(`u${number}`, { name: "Order Completed", data: { total: 12.5 } });
  }
  await track.trackPageView("u0", "https://example.com/");
  await track.trackAnonymous("visitor", { name: "Looked", data: { page: "/" } });
  await track.track("u0", { name: "Signed Up", timestamp: 1700000000, data: { source: "import" } });
  await track.addDevice("u0", "token", "ios", { last_used: 1700000000 });
  await track.deleteDevice("u0", "token");
  await track.mergeCustomers("id", "u0", "id", "u1");
  await track.suppress("u2");
  await track.unsuppress("u2");
  await track.destroy("u3");
  await track.identify("u9", { plan: "free" });
  const mail = { to: "u4@example.com", transactional_message_id: 1, identifiers: { id: "u4" }, message_data: { name: "Ann" } };
  const request = new SendEmailRequest(mail);
  request.attach("a.txt", "hello");
  const sent = await api.sendEmail(request);
  const found = await api.getCustomersByEmail("u4@example.com");
  const run = await api.triggerBroadcast(12, { headline: "News" }, { ids: ["u4"] });
  const attributes = await api.getAttributes("u4", "id");
  const made = await api.createCustomersExport({ attribute: { field: "plan", operator: "exists" } });
  let refused = "";
  try {
    await api.sendEmail(new SendEmailRequest({ ...mail, transactional_message_id: 99 }));
  } catch (error) {
    refused = String(error.statusCode);
  }
  const told = { sent: Object.keys(sent).sort(), refused, found: found.results.map((row) => row.id) };
  console.log(JSON.stringify({ ...told, run: run.id, plan: attributes.customer.attributes.plan, export: made.export.id }));
}

main().catch((error) => {
  console.error(error.statusCode, error.message, error.body, error.stack);
  process.exit(1);
});
