import assert from "node:assert/strict";
import { test } from "node:test";
import { address, contentAddress, editAddress, errorOf, folderAddress } from "./api";

test("the server's error is taken as it is", () => {
  const body = JSON.stringify({ error: { code: "not_found", message: "This file does not exist.", correlation_id: "abc" } });
  const error = errorOf(404, body, "GET /api/v1/folders");
  assert.deepEqual([error.code, error.message, error.status, error.correlationId], ["not_found", "This file does not exist.", 404, "abc"]);
});

for (const body of ["", "<html>Bad gateway</html>", "null", "[]", '{"error":null}', '{"error":{"code":1,"message":{}}}']) {
  test(`an answer that is not ours is never shown: ${body || "(nothing)"}`, () => {
    const error = errorOf(502, body, "GET /api/v1/me");
    assert.deepEqual([error.code, error.message, error.correlationId], ["http_502", "", null]);
  });
}

test("details for the administrator name the request and the correlation id", () => {
  const details = errorOf(500, '{"error":{"code":"internal_error","message":"m","correlation_id":"c0ffee"}}', "POST /api/v1/files").details(new Date(0));
  for (const part of ["1970-01-01", "POST /api/v1/files", "500", "internal_error", "c0ffee"]) assert.ok(details.includes(part), part);
});

test("server faults and throttling may pass by themselves, refusals do not", () => {
  assert.deepEqual([500, 503, 429, 403, 404].map((status) => errorOf(status, "", "").temporary), [true, true, true, false, false]);
});

test("empty parts of a query are left out and the others encoded", () => {
  assert.equal(address("/search", { root: "", path: "a b", q: "x&y", inline: undefined }), "/api/v1/search?path=a+b&q=x%26y");
});

test("names with signs of addresses stay one path of the editor's page", () => {
  assert.equal(editAddress({ root: "", path: "a?b/c#d%.md" }), "/edit/a%3Fb/c%23d%25.md");
});

test("the editor's address names the root when there is one to name", () => {
  assert.equal(editAddress({ root: "team files", path: "a.md" }), "/edit/a.md?root=team%20files");
});

test("a folder's address leaves out what is not set", () => {
  assert.deepEqual([folderAddress({ root: "", path: "" }), folderAddress({ root: "", path: "a" })], ["/", "/?path=a"]);
});

test("a picture is asked for inline only on purpose", () => {
  assert.equal(contentAddress({ root: "", path: "a.png" }), "/api/v1/files/content?path=a.png");
  assert.equal(contentAddress({ root: "", path: "a.png" }, true), "/api/v1/files/content?path=a.png&inline=1");
});
