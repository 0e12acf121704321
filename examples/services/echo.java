// Prints a request parameter and the method: both are environment variables.
class echo {
    public static void main(String[] args) {
        System.out.println("name=" + System.getenv().getOrDefault("PARAM_name", "stranger"));
        System.out.println("method=" + System.getenv("REQUEST_METHOD"));
    }
}
