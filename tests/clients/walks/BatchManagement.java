// azure-resourcemanager-batch: an account with all that it has, made, read, changed and removed.
// Settings come from the environment: ARM_ENDPOINT, AUTHORITY, TENANT, CLIENT, SECRET, SUBSCRIPTION, GROUP, STORAGE (an id).

import com.azure.core.management.AzureEnvironment;
import com.azure.core.management.exception.ManagementException;
import com.azure.core.management.profile.AzureProfile;
import com.azure.identity.ClientSecretCredentialBuilder;
import com.azure.resourcemanager.batch.BatchManager;
import com.azure.resourcemanager.batch.models.*;
import java.util.List;
import java.util.Map;

public class BatchManagement {
    static final String GROUP = System.getenv("GROUP");
    static final String ACCOUNT = "javabatch1";

    static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    public static void main(String[] arguments) {
        String arm = System.getenv("ARM_ENDPOINT");
        AzureEnvironment cloud = new AzureEnvironment(Map.of(
            "managementEndpointUrl", arm + "/", "resourceManagerEndpointUrl", arm + "/",
            "activeDirectoryEndpointUrl", System.getenv("AUTHORITY") + "/"));
        AzureProfile profile = new AzureProfile(System.getenv("TENANT"), System.getenv("SUBSCRIPTION"), cloud);
        var credential = new ClientSecretCredentialBuilder()
            .authorityHost(System.getenv("AUTHORITY")).disableInstanceDiscovery()
            .tenantId(System.getenv("TENANT")).clientId(System.getenv("CLIENT")).clientSecret(System.getenv("SECRET")).build();
        BatchManager batch = BatchManager.authenticate(credential, profile);

        accounts(batch);
        applications(batch);
        pools(batch);
        regions(batch);
        batch.batchAccounts().deleteByResourceGroup(GROUP, ACCOUNT);
        try {
            batch.batchAccounts().getByResourceGroup(GROUP, ACCOUNT);
            throw new AssertionError("the account is still there");
        } catch (ManagementException refused) {
            check(refused.getValue().getCode().equals("AccountNotFound"), refused.getMessage());
        }
        System.out.println("done");
    }

    static void accounts(BatchManager batch) {
        BatchAccount made = batch.batchAccounts().define(ACCOUNT).withRegion("westeurope").withExistingResourceGroup(GROUP)
            .withAutoStorage(new AutoStorageBaseProperties().withStorageAccountId(System.getenv("STORAGE"))).create();
        check(made.provisioningState() == ProvisioningState.SUCCEEDED, "not provisioned");
        made.update().withTags(Map.of("team", "render")).apply();
        check(batch.batchAccounts().getByResourceGroup(GROUP, ACCOUNT).tags().get("team").equals("render"), "no tag");
        String before = batch.batchAccounts().getKeys(GROUP, ACCOUNT).secondary();
        BatchAccountKeys keys = batch.batchAccounts().regenerateKey(
            GROUP, ACCOUNT, new BatchAccountRegenerateKeyParameters().withKeyName(AccountKeyType.SECONDARY));
        check(!keys.secondary().equals(before), "the same key");
        batch.batchAccounts().synchronizeAutoStorageKeys(GROUP, ACCOUNT);
        check(batch.batchAccounts().list().stream().anyMatch(one -> one.name().equals(ACCOUNT)), "not listed");
        check(batch.batchAccounts().listByResourceGroup(GROUP).stream().count() >= 1, "not listed in its group");
        check(batch.batchAccounts().listDetectors(GROUP, ACCOUNT).stream().count() > 0, "no detectors");
        check(batch.batchAccounts().listOutboundNetworkDependenciesEndpoints(GROUP, ACCOUNT).stream().count() > 0, "alone");
        check(batch.privateLinkResources().listByBatchAccount(GROUP, ACCOUNT).stream().count() > 0, "no links");
        check(batch.privateEndpointConnections().listByBatchAccount(GROUP, ACCOUNT).stream().count() == 0, "connected");
    }

    static void applications(BatchManager batch) {
        Application made = batch.applications().define("tool").withExistingBatchAccount(GROUP, ACCOUNT).create();
        made.update().withDisplayName("Tool").apply();
        check(batch.applications().get(GROUP, ACCOUNT, "tool").displayName().equals("Tool"), "not named");
        ApplicationPackage version = batch.applicationPackages().define("1.0").withExistingApplication(GROUP, ACCOUNT, "tool").create();
        check(version.state() == PackageState.PENDING && version.storageUrl().startsWith("https://"), "no place for it");
        check(batch.applicationPackages().list(GROUP, ACCOUNT, "tool").stream().count() == 1, "not listed");
        batch.applicationPackages().delete(GROUP, ACCOUNT, "tool", "1.0");
        batch.applications().delete(GROUP, ACCOUNT, "tool");
        check(batch.applications().list(GROUP, ACCOUNT).stream().count() == 0, "still there");
    }

    static void pools(BatchManager batch) {
        ImageReference image = new ImageReference().withPublisher("canonical").withOffer("ubuntu-24_04-lts").withSku("server");
        VirtualMachineConfiguration machine =
            new VirtualMachineConfiguration().withImageReference(image).withNodeAgentSkuId("batch.node.ubuntu 24.04");
        Pool made = batch.pools().define("pool").withExistingBatchAccount(GROUP, ACCOUNT).withVmSize("Standard_D2s_v3")
            .withDeploymentConfiguration(new DeploymentConfiguration().withVirtualMachineConfiguration(machine))
            .withScaleSettings(new ScaleSettings().withFixedScale(new FixedScaleSettings().withTargetDedicatedNodes(0))).create();
        made.update().withMetadata(List.of(new MetadataItem().withName("a").withValue("b"))).apply();
        check(batch.pools().get(GROUP, ACCOUNT, "pool").metadata().get(0).value().equals("b"), "no metadata");
        check(batch.pools().listByBatchAccount(GROUP, ACCOUNT).stream().count() == 1, "not listed");
        batch.pools().delete(GROUP, ACCOUNT, "pool");
    }

    static void regions(BatchManager batch) {
        check(batch.locations().getQuotas("westeurope").accountQuota() > 0, "no quota");
        check(batch.locations().listSupportedVirtualMachineSkus("westeurope").stream().count() > 0, "no sizes");
        check(!batch.locations().checkNameAvailability(
            "westeurope", new CheckNameAvailabilityParameters().withName(ACCOUNT)).nameAvailable(), "its name is free");
        check(batch.operations().list().stream().count() > 0, "no operations");
    }
}
