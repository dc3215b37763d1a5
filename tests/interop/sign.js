// Makes UserSigs with the public npm package, its clock stopped, and reads ours.
//
// In, a line each: {"app", "key", "user", "expire", "time" (seconds or null: the real clock),
// "userbuf" (base64 or null), "ours" (a token)}.
// Out, a line each: {"token" (theirs), "theirs", "ours" (the JSON inside either token)}.

'use strict';

const fs = require('fs');
const zlib = require('zlib');
const { Api } = require('tls-sig-api-v2');

const realNow = Date.now;

function read(token) {
  const base64 = token.replace(/\*/g, '+').replace(/-/g, '/').replace(/_/g, '=');
  return JSON.parse(zlib.inflateSync(Buffer.from(base64, 'base64')).toString());
}

for (const line of fs.readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const { app, key, user, expire, time, userbuf, ours } = JSON.parse(line);
  Date.now = time === null ? realNow : () => time * 1000;
  const api = new Api(app, key);
  const token =
    userbuf === null ? api.genUserSig(user, expire) : api.genSig(user, expire, Buffer.from(userbuf, 'base64'));
  console.log(JSON.stringify({ token, theirs: read(token), ours: read(ours) }));
}
