// What the AWS SDK for JavaScript finds inside an instance, with no configuration at all.
const { fromInstanceMetadata } = require("@smithy/credential-provider-imds");

fromInstanceMetadata()().then((keys) => console.log(JSON.stringify(keys)));
