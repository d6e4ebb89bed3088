// A real OpenID Connect provider for the tests: `node provider.mjs PORT REDIRECT_URI KID`. It believes every name.
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const [port, redirectUri, kid] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const key = { ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" };
const client = { redirect_uris: [redirectUri], response_types: ["code"], grant_types: ["authorization_code"] };

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    { ...client, client_id: "livefolder", client_secret: "the client's own secret: %&+" },
    { ...client, client_id: "public", token_endpoint_auth_method: "none" },
  ],
  jwks: { keys: [key] },
  cookies: { keys: ["only for tests"] },
  claims: { openid: ["sub"], profile: ["name"], groups: ["groups"] },
  pkce: { required: () => true, methods: ["S256"] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `${id[0].toUpperCase()}${id.slice(1)} Example`, groups: id === "chief" ? ["all", "admins"] : ["all"] }),
  }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
